from flask import Flask

app = Flask(__name__)


@app.route("/")
def index():
    return "<h1>Blog</h1>"


@app.route("/health")
def health():
    return "ok"
