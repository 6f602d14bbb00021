// App servers in words.
#include "hopcheck/app.h"

namespace hopcheck {

const char* kind_name(AppServer::Kind kind) {
  switch (kind) {
    case AppServer::Kind::gunicorn:
      return "gunicorn";
    case AppServer::Kind::uwsgi:
      return "uwsgi";
    case AppServer::Kind::uvicorn:
      return "uvicorn";
    case AppServer::Kind::waitress:
      return "waitress";
    case AppServer::Kind::flask:
      return "flask";
    case AppServer::Kind::other:
      return "other";
  }
  return "other";
}

std::string AppServer::text() const {
  std::string name = kind != Kind::other ? kind_name(kind)
                     : program.empty()   ? "app server"
                                         : program;
  if (!app.empty()) name += " " + app;
  return name + " (" + (unit.empty() ? "" : unit + ", ") + "pid " + std::to_string(pid) + ")";
}

}  // namespace hopcheck
