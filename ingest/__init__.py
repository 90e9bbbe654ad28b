"""Broker, MQTT in, the pipeline, acknowledgement: how it arrives."""
