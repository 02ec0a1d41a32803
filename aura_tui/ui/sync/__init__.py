"""Between the service and the screen: lifecycle, subscriptions, preview, painting."""
