"""Golden models in numpy, independent of the RTL, and checks of descriptors and plans."""
