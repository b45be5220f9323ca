"""What stands at the other end of a component's bus."""
