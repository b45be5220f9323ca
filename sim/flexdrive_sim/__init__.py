"""flexdrive_sim: golden models (numpy), simulation engines, reports and plots."""
