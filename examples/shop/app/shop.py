# A small shop: a page, a health check for the load balancer, a slow page, a static file.
import os
import time

from flask import Flask, jsonify

DATABASE = os.environ["SHOP_DATABASE"]
DATABASE_LATENCY = float(os.environ.get("SHOP_DATABASE_LATENCY", "0"))

app = Flask(__name__)
PRICES = {"apple": 40, "pear": 55, "plum": 15}


def query():
    """Stands for a question to the database."""
    time.sleep(DATABASE_LATENCY)
    return PRICES


@app.route("/")
def index():
    rows = "".join(f"<li>{name}: {cents} ct</li>" for name, cents in sorted(PRICES.items()))
    return f'<link rel="stylesheet" href="/static/shop.css"><h1>Shop</h1><ul>{rows}</ul>'


@app.route("/slow")
def slow():
    time.sleep(2)
    return "done"


@app.route("/health")
def health():
    return jsonify(status="ok", fruits=len(query()))
