import os

from flask import Flask

app = Flask(__name__)


@app.route("/")
def index():
    return "<h1>Shop</h1>"


@app.route("/health")
def health():
    return "ok"


@app.route("/report")
def report():
    os._exit(7)
