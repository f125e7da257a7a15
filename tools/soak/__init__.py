"""An app under load before a backend that fails in every way: is anything lost that is not counted?"""
