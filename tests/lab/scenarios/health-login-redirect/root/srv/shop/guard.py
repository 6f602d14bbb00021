from flask import redirect

from shop import app


@app.before_request
def login():
    return redirect("/login")
