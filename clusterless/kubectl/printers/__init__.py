"""Pure: objects as kubectl prints them: tables, descriptions, paths and templates."""
