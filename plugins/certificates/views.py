from flask import Blueprint

blueprint = Blueprint("views", __name__)
