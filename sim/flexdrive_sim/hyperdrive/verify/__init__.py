"""Random programs, comparison with the models, fault campaigns, what is proven of the link."""
