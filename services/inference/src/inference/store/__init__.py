"""The database: engine, tables, migrations, grouped writes."""
