from flask import Flask, request

app = Flask(__name__)


@app.route("/")
def index():
    return "<h1>Shop</h1>"


@app.route("/health")
def health():
    return "ok"


@app.route("/upload", methods=["POST"])
def upload():
    return str(len(request.get_data()))
