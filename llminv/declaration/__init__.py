"""YAML to promises: `load` is the way in, `models` what can be declared, `places` the only door to yaml."""
