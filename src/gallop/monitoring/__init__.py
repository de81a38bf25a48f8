"""What happens after deployment: who was scored and how, what became of them, and whether the model still holds."""
