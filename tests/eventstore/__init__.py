"""What the embedded log promises beyond the port: durability, ownership, damage, format."""
