"""The asyncio face, made of tasks; its public names are those of `dul.aio`."""
