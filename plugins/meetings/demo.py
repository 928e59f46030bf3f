def load(context):
    pass
