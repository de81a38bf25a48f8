def render(facts, quality, data, code, settings):
    return facts.model_dump_json()
