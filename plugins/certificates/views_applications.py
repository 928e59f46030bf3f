from flask import Blueprint

blueprint = Blueprint("views_applications", __name__)
