// A folder that is there as long as a test.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <sys/stat.h>
#include <unistd.h>

namespace hopcheck::test {

class Folder {
 public:
  Folder() {
    std::string name = "/tmp/hopcheck-test-XXXXXX";
    if (mkdtemp(name.data()) != nullptr) path_ = name;
    chmod(path_.c_str(), 0755);
  }
  ~Folder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

  std::string write(const std::string& name, const std::string& text) const {
    const std::string path = path_ + "/" + name;
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }
  std::string make_folder(const std::string& name, mode_t mode = 0755) const {
    const std::string path = path_ + "/" + name;
    mkdir(path.c_str(), mode);
    chmod(path.c_str(), mode);
    return path;
  }

 private:
  std::string path_{};
};

}  // namespace hopcheck::test
