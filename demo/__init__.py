"""The main job from nothing to signed in, played on the sandbox and told line by line."""
