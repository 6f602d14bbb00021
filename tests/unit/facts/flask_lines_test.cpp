// What is read of a Flask application's source.
#include "facts/app/flask_lines.h"

#include <algorithm>

#include "host/reduce_flask.h"
#include "test.h"

using namespace hopcheck;

namespace {

std::string reduced(const std::string& text) {
  ByteSource source;
  source.size = text.size();
  source.read = [&](std::uint64_t offset, char* buffer, std::size_t n) {
    const std::size_t begin = std::min<std::size_t>(offset, text.size());
    const std::size_t size = std::min(n, text.size() - begin);
    std::copy_n(text.begin() + static_cast<std::ptrdiff_t>(begin), size, buffer);
    return size;
  };
  return reduce_flask(source, "");
}

}  // namespace

TEST_CASE("applications, blueprints and routes") {
  CHECK(reduced("from flask import Flask\n"
                "import os, sys\n"
                "from .views import bp\n"
                "app = Flask(__name__)\n"
                "api = flask.Flask('x')\n"
                "bp = Blueprint('shop', __name__, url_prefix=\"/api\")\n"
                "\n"
                "@app.route('/health')\n"
                "def health(): return 'ok'\n"
                "@bp.post(\"/order/<int:id>\")\n"
                "@app.route('/only', methods=['POST', 'PUT'])\n"
                "@app.route('/both', methods=['POST', 'GET'])\n"
                "app.register_blueprint(shop.bp, url_prefix='/v2')\n"
                "app.add_url_rule('/ping', view_func=ping)\n"
                "def create_app():\n") ==
        "1 import flask\n2 import os\n3 import .views\n4 app app\n5 app api\n"
        "6 blueprint bp /api\n8 route app GET /health\n10 route bp OTHER /order/<int:id>\n"
        "11 route app OTHER /only\n12 route app GET /both\n13 register bp /v2\n"
        "14 route app GET /ping\n15 factory create_app\n");
}

TEST_CASE("calls that go on in further lines, and how the server is run") {
  CHECK(reduced("app = Flask(\n  __name__,\n)\n@app.route(\n  '/health',\n)\n"
                "app.run(host='0.0.0.0', port=8000,\n        debug=True)\n"
                "app.run(debug=os.environ['D'], use_debugger=False)\n") ==
        "1 app app\n4 route app GET /health\n7 run app debug=True port=8000 host=0.0.0.0\n"
        "9 run app debug=? use_debugger=False\n");
}

TEST_CASE("what stands in comments and long strings is nothing, and no secret is kept") {
  CHECK(reduced("# app = Flask(__name__)\n\"\"\"\napp = Flask(__name__)\n\"\"\"\n"
                "app.secret_key = 'hunter2'\n@app.route(f'/{SECRET}')\n"
                "app.config['DB'] = 'postgres://u:p@h/d'\n") == "");
  CHECK(reduced(std::string("\xff\0(((('''", 8)).empty());
}

TEST_CASE("the reducer's lines, read back") {
  const auto lines = flask_lines("4 app app\n7 run app debug=True port=8000\nx\n9\n");
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].number == 4);
  CHECK(lines[0].words == std::vector<std::string>{"app", "app"});
  CHECK(flask_option(lines[1], "debug") == "True");
  CHECK(flask_option(lines[1], "host").empty());
}
