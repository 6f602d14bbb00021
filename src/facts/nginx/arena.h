// Keeps bytes that string_views of a configuration point into.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace hopcheck::nginx {

/// Copies small strings into chunks that never move; the chunks live in a Config's storage.
class Arena {
 public:
  explicit Arena(std::vector<std::shared_ptr<const std::string>>& storage) : storage_(storage) {}

  std::string_view keep(std::string_view text) {
    if (!chunk_ || chunk_->capacity() - chunk_->size() < text.size()) grow(text.size());
    const std::size_t start = chunk_->size();
    chunk_->append(text);
    return std::string_view(*chunk_).substr(start);
  }
  std::string_view keep_file(std::shared_ptr<const std::string> text) {
    storage_.push_back(std::move(text));
    return *storage_.back();
  }

 private:
  void grow(std::size_t needed) {
    static constexpr std::size_t kChunk = 64 << 10;
    chunk_ = std::make_shared<std::string>();
    chunk_->reserve(needed > kChunk ? needed : kChunk);
    storage_.push_back(chunk_);
  }

  std::vector<std::shared_ptr<const std::string>>& storage_;
  std::shared_ptr<std::string> chunk_{};
};

}  // namespace hopcheck::nginx
