"""The RTL of chips and meshes, driven by whole programs and networks."""
