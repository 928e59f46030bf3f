from flask import Blueprint

blueprint = Blueprint("views_clearing", __name__)
