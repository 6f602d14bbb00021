from flask import Flask

app = Flask(__name__)


@app.route("/")
def index():
    return "<h1>Shop</h1>"


@app.route("/health")
def health():
    return "ok"


@app.route("/account")
def account():
    return "hello", 200, {"X-Session": "s" * 9000}
