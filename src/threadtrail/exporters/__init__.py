"""The exporters that come with the core, each registered by an entry point like anyone's."""
