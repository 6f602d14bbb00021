// Files: try_files, index, listings, and the file that a URI means.
#include <algorithm>

#include "facts/nginx/escape.h"
#include "facts/nginx/walk.h"

namespace hopcheck::nginx {

namespace {

using Kind = FileSeen::Kind;

bool reads(const std::string& method) {
  return method == "GET" || method == "HEAD";
}

bool has_variable(std::string_view text) {
  return text.find('$') != std::string_view::npos;
}

/// Whether what stands in a folder's place on the way is a file; nothing where that is not known.
std::optional<bool> lies_below_file(const Visit& visit, std::string path) {
  for (auto slash = path.rfind('/'); slash != std::string::npos; slash = path.rfind('/')) {
    path.resize(slash);
    if (path.empty()) return false;
    const auto seen = look(visit, path);
    if (!seen.seen()) return std::nullopt;
    if (seen->kind == Kind::directory || seen->kind == Kind::unreachable) return false;
    if (seen->kind != Kind::absent) return true;
  }
  return false;
}

}  // namespace

Fact<FileSeen> look(const Visit& visit, const std::string& path) {
  if (!path.starts_with('/')) {
    return Unseen{Unseen::Why::undecidable, "under which folder nginx looks for " + path, {}};
  }
  if (visit.asked->file) return visit.asked->file(path);
  return Unseen{Unseen::Why::undecidable, "whether " + path + " exists", {}};
}

Base base_of(const Visit& visit) {
  Base out;
  for (const std::uint32_t index : visit.around) {
    const auto before = out.files.directive;
    inherit_files(*visit.config, index, out.files);
    if (out.files.directive == before) continue;
    const auto owner =
        std::find_if(visit.chain.begin(), visit.chain.end(),
                     [index](const Location* one) { return one->directive == index; });
    out.owner = owner == visit.chain.end() ? nullptr : *owner;
  }
  if (out.files.alias && out.owner != nullptr) {
    out.whole = out.owner->match == Location::Match::regex;
    out.cut = out.whole ? 0 : out.owner->pattern.size();
  }
  return out;
}

std::optional<FilePath> file_path(Visit& visit) {
  const Base base = base_of(visit);
  FilePath out;
  out.refused = base.files.alias && !visit.location_valid;
  std::string_view written = base.files.path;
  if (!base.files.alias && written.ends_with('/')) written.remove_suffix(1);
  const auto expanded = expand(visit, written);
  if (!expanded) return std::nullopt;
  out.text = *expanded;
  // Of an empty value nginx reads the byte behind it.
  if (out.text.empty() && !written.empty()) return std::nullopt;
  const bool relative = written.empty() ? base.files.path.empty() : !out.text.starts_with('/');
  if (relative && !visit.config->prefix.empty()) {
    const std::string& prefix = visit.config->prefix;
    out.text = prefix + (prefix.ends_with('/') ? "" : "/") + out.text;
  }
  out.root = out.text.size();
  if (!base.whole || visit.uri_after_alias) {
    out.text += visit.uri.substr(std::min(base.cut, visit.uri.size()));
  }
  return out;
}

/// True where the request goes elsewhere, or ends; false: the block's own handler goes on.
bool Walk::fall_back(const Directive& try_files) {
  const auto args = try_files.args();
  if (args.size() < 2) return false;
  for (const std::string_view candidate : args.first(args.size() - 1)) {
    switch (try_one(candidate, try_files)) {
      case Tried::found:
        return next_ != Next::access;
      case Tried::unknown:
        return guess_fall_back(try_files);
      case Tried::missing:
        break;
    }
  }
  last_resort(try_files);
  return true;
}

/// The text in the URI's place; under an alias without what the alias replaces.
std::optional<std::string> Walk::tried_uri(std::string_view text, const Base& base) {
  auto value = expand(visit_, text);
  if (!value || base.cut == 0 || !has_variable(text)) return value;
  if (value->compare(0, base.cut, visit_.uri, 0, base.cut) == 0) value->erase(0, base.cut);
  return value;
}

Walk::Tried Walk::try_one(std::string_view candidate, const Directive& try_files) {
  const bool wants_folder = candidate.ends_with('/');
  if (wants_folder) candidate.remove_suffix(1);
  const auto path = file_path(visit_);
  const Base base = base_of(visit_);
  const auto uri = tried_uri(candidate, base);
  if (!path || !uri) return Tried::unknown;
  if (path->refused) {
    respond(own_answer(500, try_files.evidence(), "an alias where the URI was rewritten"));
    return Tried::found;
  }
  const auto seen = look(visit_, path->text.substr(0, path->root) + *uri);
  if (!seen.seen()) return Tried::unknown;
  if (seen->kind == Kind::absent || seen->kind == Kind::unreachable) return Tried::missing;
  if ((seen->kind == Kind::directory) != wants_folder) return Tried::missing;
  if (base.whole) {
    if (wants_folder) return Tried::found;
    visit_.uri_after_alias = true;
    visit_.uri = *uri;
  } else {
    visit_.uri = visit_.uri.substr(0, base.cut) + *uri;
  }
  visit_.steps.push_back(
      {try_files.text() + " -> " + visit_.uri, visit_.uri, try_files.evidence()});
  return Tried::found;
}

void Walk::last_resort(const Directive& try_files) {
  const std::string_view last = try_files.args().back();
  if (last.starts_with('=')) {
    Action action = own_answer(std::atoi(std::string(last.substr(1)).c_str()), try_files.evidence(),
                               "none of the files exists");
    return respond(std::move(action));
  }
  const auto uri = tried_uri(last, base_of(visit_));
  if (!uri) {
    Action action;
    action.from = try_files.evidence();
    action.target = last;
    action.sure = false;
    action.reason = "the last argument depends on variables that only nginx knows";
    return finish(std::move(action));
  }
  if (uri->starts_with('@')) {
    return go_named(*uri, {try_files.text() + " -> " + *uri, visit_.uri, try_files.evidence()});
  }
  const std::size_t question = uri->find('?');
  std::string path = uri->substr(0, question);
  std::string args = question == std::string::npos ? "" : uri->substr(question + 1);
  Step step{try_files.text() + " -> " + path, path, try_files.evidence()};
  redirect(std::move(path), std::move(args), std::move(step));
}

/// Which of the files exists is not known. With a status as last resort the first is what the
/// block is written for; else the last resort is.
bool Walk::guess_fall_back(const Directive& try_files) {
  const auto args = try_files.args();
  const std::string_view last = args.back();
  if (!last.starts_with('=')) {
    visit_.notes.push_back("where none of the files of " + cited(try_files) + " exists");
    fell_back_ = !last.starts_with('@');
    last_resort(try_files);
    return true;
  }
  visit_.notes.push_back(std::string(last.substr(1)) + " where the file is missing (" +
                         cited(try_files) + ")");
  if (args.front().ends_with('/')) return false;
  auto uri = expand(visit_, args.front());
  if (uri && uri->starts_with('/')) visit_.uri = std::move(*uri);
  return false;
}

Action Walk::file_action(const std::string& path, int status) {
  Action out;
  out.kind = Action::Kind::static_;
  out.from = config_.at(base_of(visit_).files.directive.value_or(visit_.around.back())).evidence();
  out.target = path;
  out.status = status;
  return out;
}

void Walk::unknown_file() {
  Action out = file_action(base_of(visit_).files.path, 0);
  out.kind = Action::Kind::unknown;
  out.sure = false;
  out.reason = "the path depends on variables that only nginx knows";
  finish(std::move(out));
}

void Walk::files() {
  if (visit_.uri.ends_with('/')) {
    switch (index()) {
      case Indexed::done:
        return;
      case Indexed::unknown: {
        const auto path = file_path(visit_);
        return path ? finish(file_action(path->text, 0)) : unknown_file();
      }
      case Indexed::declined:
        break;
    }
    if (list_folder()) return;
  }
  plain_file();
}

/// A folder's index file is asked for by another redirect inside nginx.
Walk::Indexed Walk::index() {
  if (!reads(visit_.method) && visit_.method != "POST") return Indexed::declined;
  const auto lines = all_in_force(visit_, "index");
  if (lines.empty()) return index_file("index.html", visit_.server->from);
  for (const Directive& line : lines) {
    for (const std::string_view name : line.args()) {
      const Indexed result = index_file(name, line.evidence());
      if (result != Indexed::declined) return result;
    }
  }
  return Indexed::declined;
}

Walk::Indexed Walk::index_file(std::string_view written, const Evidence& from) {
  // Values are as they were looked up last.
  const auto name = expand(visit_, written, false);
  const auto path = file_path(visit_);
  if (!name || !path) return Indexed::unknown;
  // A root with variables has them looked up again, between measuring the name and writing it.
  if (has_variable(base_of(visit_).files.path) && expand(visit_, written) != name) {
    visit_.notes.push_back("the index " + std::string(written) +
                           " changes while it is put together");
    return Indexed::unknown;
  }
  const auto go = [&](std::string uri) {
    Step step{"index -> " + uri, uri, from};
    redirect(std::move(uri), visit_.args, std::move(step));
    return Indexed::done;
  };
  if (written.starts_with('/')) return go(*name);
  if (path->refused) {
    respond(own_answer(500, from, "an alias where the URI was rewritten"));
    return Indexed::done;
  }
  if (name->starts_with('/')) return go(*name);
  const std::string file = path->text + *name;
  const auto seen = look(visit_, file);
  if (!seen.seen()) return Indexed::unknown;
  if (seen->kind == Kind::unreachable) {
    respond(file_action(file, 403));
    return Indexed::done;
  }
  if (seen->kind != Kind::absent) return go(visit_.uri + *name);
  if (name->find('/') != std::string::npos) {
    const auto below = lies_below_file(visit_, file);
    if (!below) return Indexed::unknown;
    if (*below) {
      respond(file_action(file, 404));
      return Indexed::done;
    }
  }
  return folder_is_there(file, name->size()) ? Indexed::declined : Indexed::done;
}

/// After an index file is missing: false where the request ends because the folder is, too.
bool Walk::folder_is_there(const std::string& path, std::size_t name_length) {
  std::string folder = path.substr(0, path.size() - name_length);
  const bool slash = folder.ends_with('/') && folder.size() > 1;
  if (slash) folder.pop_back();
  const auto seen = look(visit_, folder);
  if (!seen.seen() || seen->kind == Kind::directory || seen->kind == Kind::unreachable) return true;
  // Below a file there is nothing; a file in the folder's place is a fault of the configuration.
  const bool misplaced = seen->kind != Kind::absent && !slash;
  respond(file_action(folder, misplaced ? 500 : 404));
  return false;
}

bool Walk::list_folder() {
  if (!reads(visit_.method) || !is_on(visit_, "autoindex", false)) return false;
  const auto path = file_path(visit_);
  if (!path) return false;
  if (path->refused) {
    respond(own_answer(500, file_action("", 0).from, "an alias where the URI was rewritten"));
    return true;
  }
  std::string folder = path->text;
  if (folder.size() > 1) folder.pop_back();
  const auto seen = look(visit_, folder);
  if (!seen.seen()) return false;
  if (seen->kind == Kind::unreachable || (seen->kind == Kind::directory && !seen->readable)) {
    respond(file_action(folder, 403));
  } else if (seen->kind != Kind::directory) {
    respond(file_action(folder, 404));
  } else {
    Action action = file_action(path->text, 200);
    action.reason = "a listing of the folder";
    finish(std::move(action));
  }
  return true;
}

/// Before nginx refuses, it looks up no variable of the path.
void Walk::refuse_method() {
  if (const auto dav = in_force(visit_, "dav_methods")) {
    visit_.notes.push_back(cited(*dav) + " may change files");
  }
  respond(file_action("", 405));
  if (next_ != Next::done || !action_.target.empty()) return;
  if (const auto path = file_path(visit_)) action_.target = path->text;
}

void Walk::plain_file() {
  const bool known = static_cast<bool>(visit_.asked->file);
  if (known && !reads(visit_.method) && visit_.method != "POST") return refuse_method();
  const auto path = file_path(visit_);
  if (!path) return unknown_file();
  if (visit_.uri.ends_with('/')) {
    if (!known) return finish(file_action(path->text, 0));
    Action action = file_action(path->text, 403);
    action.reason = "no index file is in the folder";
    return respond(std::move(action));
  }
  if (path->refused) {
    return respond(
        own_answer(500, file_action("", 0).from, "an alias where the URI was rewritten"));
  }
  const auto seen = look(visit_, path->text);
  if (!seen.seen()) return finish(file_action(path->text, 0));
  answer_file(*path, *seen);
}

void Walk::answer_file(const FilePath& path, FileSeen seen) {
  if (seen.kind == Kind::absent) return respond(file_action(path.text, 404));
  if (seen.kind == Kind::unreachable || !seen.readable) {
    return respond(file_action(path.text, 403));
  }
  if (seen.kind == Kind::directory) {
    Action action = file_action(path.text, 301);
    action.location = escaped(visit_.uri, Escape::uri) + "/";
    if (!visit_.args.empty()) action.location += "?" + visit_.args;
    return respond(std::move(action));
  }
  if (seen.kind == Kind::other) return respond(file_action(path.text, 404));
  if (visit_.method == "POST") return respond(file_action(path.text, 405));
  finish(file_action(path.text, 200));
}

}  // namespace hopcheck::nginx
