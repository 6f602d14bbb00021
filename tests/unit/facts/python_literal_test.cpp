// The reader of Python literals against Python itself: what it calls a value is what the file
// leaves behind when python3 runs it.
#include "facts/app/python_literal.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include <unistd.h>

#include "test.h"

namespace {

using namespace hopcheck;

std::string python_text(const PyValue& value) {
  std::ostringstream out;
  const auto items = [&](const char* open, const char* close) {
    out << open;
    for (const PyValue& item : value.items) out << python_text(item) << ",";
    out << close;
  };
  switch (value.kind) {
    case PyValue::Kind::none:
      return "None";
    case PyValue::Kind::boolean:
      return value.integer != 0 ? "True" : "False";
    case PyValue::Kind::integer:
      return std::to_string(value.integer);
    case PyValue::Kind::real: {
      char text[64];
      std::snprintf(text, sizeof text, "float('%.17g')", value.real);
      return text;
    }
    case PyValue::Kind::string: {
      out << "bytes.fromhex('";
      for (const char c : value.text) {
        char hex[3];
        std::snprintf(hex, sizeof hex, "%02x",
                      static_cast<unsigned>(static_cast<unsigned char>(c)));
        out << hex;
      }
      out << "').decode()";
      return out.str();
    }
    case PyValue::Kind::list:
      items("[", "]");
      return out.str();
    case PyValue::Kind::tuple:
      items("(", ")");
      return out.str();
    case PyValue::Kind::dict:
      break;
  }
  out << "dict([";
  for (std::size_t i = 0; i < value.items.size(); i += 2) {
    out << "(" << python_text(value.items[i]) << "," << python_text(value.items[i + 1]) << "),";
  }
  out << "])";
  return out.str();
}

const std::vector<std::string>& handwritten() {
  static const std::vector<std::string> files{
      "bind = 'unix:/run/shop.sock'\nworkers = 3\n",
      "import multiprocessing\nbind = \"127.0.0.1:8000\"\nworkers = multiprocessing.cpu_count() * "
      "2 + 1\n",
      "import os\nbind = os.environ.get('BIND', ':8000')\nworkers = int(os.environ.get('W', "
      "2))\ntimeout = 30\n",
      "bind = ['a', \"b\", '''c''', r'\\d', u'e', 'f' 'g']\n",
      "x = 'a' \\\n  'b'\ny = ('c'\n  'd'  # comment\n)\n",
      "x = 1\nif x:\n    x = 2\ny = x\n",
      "x = 1\nif x: x = 2\n",
      "x = 1\nfor x in [5, 6]: pass\n",
      "x = 1\nfor i in [1]:\n  x = 7\n",
      "x = 1\nwith open('/dev/null') as x: pass\n",
      "x = 1\ntry:\n    import nothing_such\nexcept ImportError as x:\n    pass\n",
      "x = 1\ntry:\n    x = 2\nfinally:\n    y = 3\n",
      "x = 1\nx += 1\n",
      "x = [1]\nx += [2]\n",
      "x = [1]\nx.append(2)\n",
      "x = [1]\ny = x\ny.append(2)\n",
      "x = [1]\ny = [x]\ny[0].append(2)\n",
      "x = ([1],)\nx[0].append(2)\n",
      "x = {}\nx['a'] = 1\n",
      "x = y = []\nx.append(1)\n",
      "x = y = 5\n",
      "x, y = 1, 2\n",
      "x = 1, 2\n",
      "x = 1,\n",
      "x = ()\n",
      "x = (1)\n",
      "x = (1,)\n",
      "(x) = 3\n",
      "[x, y] = 3, 4\n",
      "x: int = 5\ny: 'str'\n",
      "x = 1\nx: int\n",
      "x = 5; y = 6; x = 7\n",
      "def f():\n    global x\n    x = 2\nx = 1\nf()\n",
      "def f(): global x; x = 2\nx = 1\nf()\n",
      "x = 1\ndef x(): pass\n",
      "x = 1\nclass x: y = 2\ny = 3\n",
      "x = 1\nclass A:\n    x = 2\n",
      "x = 1\ndef f():\n    x = 2\n    return x\nf()\n",
      "x = 1\n(x := 2)\n",
      "x = 1\nprint((x := 2), end='')\n",
      "x = 1\n[x := i for i in range(4)]\n",
      "x = 1\ny = [x for x in range(3)]\n",
      "x = 1\nf'{(x := 5)}'\n",
      "x = [1]\nf'{x.append(2)}'\n",
      "x = f'a'\ny = f'{1}' 'b'\nz = 'c'\n",
      "x = 1\ndel x\n",
      "x = 1\nimport os as x\n",
      "x = 1\nimport x.y\n",
      "x = 1\nfrom os import path as x\n",
      "path = 1\nsep = 2\nfrom os.path import *\ny = 3\nsep = 4\n",
      "x = 1\nexec('x = 2')\n",
      "x = 1\nglobals()['x'] = 2\n",
      "x = 1\nimport sys\nsys.modules[__name__]\n",
      "x = 1\nlocals().update(x=2)\n",
      "x = 1\nvars()['x'] = 2\n",
      "x = b'abc'\ny = rb'x'\n",
      "x = 0x1F\ny = 0o17\nz = 0b101\nw = 1_000\nv = 0\nu = 00\n",
      "x = 1.5\ny = 1e3\nz = .5\nw = 5.\nv = 1_0.5\n",
      "x = 9223372036854775807 + 1\n",
      "x = 9223372036854775808\n",
      "x = -9223372036854775807\n",
      "x = -7 // 2\ny = -7 % 3\nz = 7 // -2\nw = 7 % -3\n",
      "x = 7 / 2\n",
      "x = 2 ** 3\n",
      "x = -2 ** 2\n",
      "x = 2 * 4 + 1\ny = 2 + 4 * 1\nz = (2 + 4) * 3\n",
      "x = 1 - 2 - 3\n",
      "x = 5 if True else 6\n",
      "x = 1 or 2\n",
      "x = not 1\n",
      "x = 1 < 2\n",
      "x = True + 1\n",
      "x = -True\n",
      "x = --1\ny = +-1\n",
      "x = 'a' + 'b'\ny = 'p/' + x\n",
      "x = 'a' * 3\n",
      "x = 'a %s' % 'b'\n",
      "x = 'a'.upper()\n",
      "x = 'abc'[0]\n",
      "x = [1, 2,]\ny = [\n  1,\n  2\n]\n",
      "x = {'a': 1, 'b': [2, 3], 4: None}\n",
      "x = {1, 2}\n",
      "x = {'a': 1, 'a': 2}\n",
      "x = [i for i in range(3)]\n",
      "x = lambda: 0\n",
      "x = lambda y=1: y\n",
      "x = None\ny = True\nz = False\n",
      "x = ...\n",
      "x = 1j\n",
      "x = 'a\\n\\t\\x41\\u00e9\\U0001F600\\101\\q\\''\n",
      "x = '\\N{DASH}'\n",
      "x = '\\ud800'\n",
      "x = 'a\\\nb'\n",
      "x = '''a\n\nb'''\ny = 2\n",
      "x = r'\\'\ny = 1'\n",
      "x = r'a\\'b'\n",
      "x = 'ä€😀'\n",
      "# -*- coding: utf-8 -*-\nx = 'ä'\n",
      "# coding: latin-1\nx = 'ä'\n",
      "\xef\xbb\xbfx = 1\n",
      "x = 1\r\ny = '''a\r\nb'''\r\n",
      "x = 1\ry = 2\r",
      "x = 1",
      "x = 1\n  \n\t\n# c\n\ny = 2",
      "x = 1 # y = 2\n",
      "\fx = 1\n",
      "\"\"\"doc\nx = 5\n\"\"\"\ny = 1\n",
      "x = '''\ny = 2\n'''\n",
      "x = 1\nif True:\n  '''\nx = 9\n'''\n  y = 2\n",
      "if True:\n    x = 1\nelse:\n    x = 2\nx = 3\n",
      "x = 1\nwhile x < 5:\n    x += 1\n",
      "x = 1\nmatch x:\n    case y: pass\n",
      "x = 1\nmatch [1, 2]:\n    case [x, *z]: pass\n",
      "match = 1\ncase = 2\ntype = 3\n",
      "x = 1\nasync def f():\n    pass\n",
      "@staticmethod\ndef f():\n    pass\nx = 1\n",
      "x = [1]\ndef f(a=[]):\n    x.append(1)\nf()\n",
      "x = [1]\ndef f(q=x):\n    q.append(1)\nf()\n",
      "x = [1]\nimport random\nrandom.shuffle(x)\n",
      "x = {'a': [1]}\ny = x['a']\ny.append(3)\n",
      "x = 1\ny = x\nx = 2\n",
      "x = a = 'k'\nfor a in 'z': x\n",
      "x = 1\nx, *y = [1, 2, 3]\n",
      "x = 1\nclass B: global x; x = 3\n",
      "raw_env = ['A=1', 'B=2']\naccesslog = '-'\ndef on_starting(server):\n    "
      "server.log.info('x')\n",
      "x = 1\nif x == 1:\n    def x(): pass\n",
      "try: x = 1\nexcept: x = 2\n",
      "x = 'a'; y = x + 'b'; del x\n",
      "x = (((((((1)))))))\n",
      "x = 1\nassert (x := 2)\n",
      "x = [1]\n(lambda z: z.append(1))(x)\n",
      "x = 3 # type: int\n",
      "x = \"it's\"\ny = 'say \"hi\"'\n",
      "x=1;y=2;\n",
      "x = 1 if 0else 2\n",
      "x = 0xfor 3\n",
      "from os import *\nx = 1\n",
      "if True:\n    from os.path import *\nx = 1\n",
      "sep = 5\nif True:\n    from os.path import *\n",
      "x = 1\nfor x.y in []: pass\n",
      "x = 'a' 'b' + 'c'\n",
      "x = ('a' 'b', 'c')\n",
      "x = 5 \\\n\n",
      "x = 1\nimport os.path, sys as x\n",
  };
  return files;
}

std::string pick(std::mt19937& random, const std::vector<std::string>& from) {
  return from[random() % from.size()];
}

std::string random_expression(std::mt19937& random, int depth) {
  static const std::vector<std::string> atoms{
      "1", "-2", "0x10",       "1.5",    "'s'",    "\"t\\n\"",   "None", "True", "a",
      "b", "c",  "'''x\ny'''", "r'\\n'", "f'{a}'", "len('abc')", "()",   "[]",   "{}"};
  if (depth == 0 || random() % 3 == 0) return pick(random, atoms);
  const auto sub = [&] { return random_expression(random, depth - 1); };
  switch (random() % 9) {
    case 0:
      return "[" + sub() + ", " + sub() + "]";
    case 1:
      return "(" + sub() + ",)";
    case 2:
      return "(" + sub() + "\n + " + sub() + ")";
    case 3:
      return sub() + " * " + sub();
    case 4:
      return "{'k': " + sub() + ", 2: " + sub() + "}";
    case 5:
      return sub() + " if a else " + sub();
    case 6:
      return sub() + " // 3 - " + sub();
    case 7:
      return "(" + sub() + ")";
    default:
      return sub() + ", " + sub();
  }
}

std::string random_statement(std::mt19937& random) {
  static const std::vector<std::string> names{"a", "b", "c", "d"};
  const std::string name = pick(random, names);
  const std::string value = random_expression(random, 2);
  switch (random() % 18) {
    case 0:
      return "if " + name + ": " + pick(random, names) + " = 1\n";
    case 1:
      return "if a:\n    " + name + " = 2\n";
    case 2:
      return "try:\n    " + name + ".append(1)\nexcept Exception:\n    pass\n";
    case 3:
      return "try:\n    " + name + " += 1\nexcept Exception as " + pick(random, names) +
             "x: pass\n";
    case 4:
      return name + " = " + pick(random, names) + " = " + value + "\n";
    case 5:
      return "for " + name + " in (1, 2): pass\n";
    case 6:
      return "def f():\n    global " + name + "\n    " + name + " = 9\nf()\n";
    case 7:
      return "def g(v=" + name +
             "):\n    try:\n        v.append(3)\n    except Exception: pass\ng()\n";
    case 8:
      return name + ": int = " + value + "\n";
    case 9:
      return name + " = 1; " + pick(random, names) + " = 'q'\n";
    default:
      return name + " = " + value + "\n";
  }
}

const char* const judge = R"(import sys, io, contextlib, importlib.util, glob, os, warnings
warnings.simplefilter('ignore')
bad = ran = claims = 0
for path in sorted(glob.glob(sys.argv[1] + '/*.py')):
    spec = importlib.util.spec_from_file_location('conf', path)
    mod = importlib.util.module_from_spec(spec)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            spec.loader.exec_module(mod)
    except BaseException:
        continue
    ran += 1
    space = vars(mod)
    def same(a, b):
        if type(a) is not type(b): return False
        if isinstance(a, (list, tuple)): return len(a) == len(b) and all(map(same, a, b))
        if isinstance(a, dict): return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
        return a == b
    absent = True
    for line in open(path + '.claims'):
        name, _, text = line.rstrip('\n').partition(' = ')
        if name == '*':
            absent = False
            continue
        if text == '?':
            space.pop(name, None)
            continue
        claims += 1
        if name not in space or not same(space[name], eval(text)):
            print(path, name, 'claimed', text, 'is', space.get(name, 'absent'))
            bad += 1
        space.pop(name, None)
    if absent:
        left = [n for n in space if not n.startswith('__')]
        if left:
            print(path, 'names not seen:', left)
            bad += 1
print('ran', ran, 'claims', claims, 'bad', bad)
sys.exit(1 if bad or ran < 400 or claims < 800 else 0)
)";

void write(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

std::string claims_of(const std::string& path, const std::string& source) {
  const PyFile file = read_python_literals(path, source);
  std::string claims = file.rest ? "*\n" : "";
  for (const auto& [name, value] : file.names) {
    claims += name + " = " + (value.seen() ? python_text(value->value) : "?") + "\n";
  }
  return claims;
}

}  // namespace

TEST_CASE("what is called a value is what python3 makes of the file") {
  char folder[] = "/tmp/hopcheck-python-XXXXXX";
  REQUIRE(mkdtemp(folder) != nullptr);
  std::vector<std::string> files = handwritten();
  std::mt19937 random(20240611);
  for (int i = 0; i < 1500; ++i) {
    std::string text = "a = 1\nb = 's'\nc = [1]\nd = ('x', 2)\n";
    for (int lines = 0; lines < 4; ++lines) text += random_statement(random);
    files.push_back(text);
  }
  for (std::size_t i = 0; i < files.size(); ++i) {
    const std::string path = folder + std::string("/") + std::to_string(i) + ".py";
    write(path, files[i]);
    write(path + ".claims", claims_of(path, files[i]));
  }
  write(folder + std::string("/judge"), judge);
  const std::string command = "python3 -B " + std::string(folder) + "/judge " + folder;
  const int status = std::system(command.c_str());
  CHECK(status == 0);
  if (status == 0) std::filesystem::remove_all(folder);
}

TEST_CASE("names are known, unseen or surely not set") {
  const PyFile file = read_python_literals("/srv/g.py",
                                           "import os\nbind = 'unix:/run/x.sock'\nworkers = "
                                           "os.cpu_count() + 1\nif os.name:\n  timeout = 5\n");
  const auto bind = file.find("bind");
  REQUIRE(bind.has_value());
  CHECK((**bind).value.text == "unix:/run/x.sock");
  CHECK((**bind).from.line == 2);
  CHECK((**bind).from.text == "bind = 'unix:/run/x.sock'");
  const auto workers = file.find("workers");
  REQUIRE(workers.has_value());
  REQUIRE_FALSE(workers->seen());
  CHECK(workers->unseen().why == Unseen::Why::undecidable);
  CHECK(workers->unseen().what.find("/srv/g.py:3") != std::string::npos);
  CHECK(workers->unseen().what.find("os.cpu_count() + 1") != std::string::npos);
  REQUIRE(file.find("timeout").has_value());
  CHECK_FALSE(file.find("timeout")->seen());
  CHECK_FALSE(file.find("keepalive").has_value());
}

TEST_CASE("a file that is no Python sets nothing surely") {
  for (const char* source :
       {"bind = 'a'\nx = [1\n", "bind = 'a'\nx = 'open\n", "bind = 'a'\n  x = 1\n",
        "bind = 'a'\nx = )\n", "if 1:\nbind = 'a'\n", "bind = 'a'\n\xff", "bind = 'a' \\"}) {
    const PyFile file = read_python_literals("g.py", source);
    REQUIRE(file.find("bind").has_value());
    CHECK(file.find("bind")->unseen().why == Unseen::Why::malformed);
  }
  CHECK(read_python_literals("g.py", std::string("bind = 'a'\n\0", 12)).rest.has_value());
}

TEST_CASE("hostile Python neither hangs nor eats memory") {
  std::string doubling = "a0 = ('x', 'y')\n";
  for (int i = 1; i < 60; ++i) {
    const std::string before = "a" + std::to_string(i - 1);
    doubling += "a" + std::to_string(i) + " = (" + before + ", " + before + ")\n";
  }
  CHECK_FALSE(read_python_literals("g.py", doubling).find("a59")->seen());
  CHECK_FALSE(
      read_python_literals("g.py", "x = " + std::string(5000, '(') + "\n").find("x")->seen());
  CHECK_FALSE(
      read_python_literals("g.py", "x = " + std::string(5000, '-') + "1\n").find("x")->seen());
  CHECK(read_python_literals("g.py", std::string(python_file_limit + 1, '\n')).rest->why ==
        Unseen::Why::truncated);
  std::string chain;
  for (int i = 0; i < 10000; ++i) chain += "n" + std::to_string(i) + " = ";
  CHECK_FALSE(read_python_literals("g.py", chain + "'" + std::string(60000, 'x') + "'\n")
                  .find("n7")
                  ->seen());
  std::mt19937 random(7);
  const std::string alphabet = "ab1'\"\\\n\n (){}[]=:,;#f.@-+*x\t\f\r{{";
  for (int i = 0; i < 3000; ++i) {
    std::string text;
    for (auto length = random() % 60; length > 0; --length)
      text += alphabet[random() % alphabet.size()];
    read_python_literals("g.py", text);
  }
}
