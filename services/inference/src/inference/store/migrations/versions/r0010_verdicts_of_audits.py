"""Verdicts say whether they were given as an audit: blind, on a prediction drawn at random."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what verdicts lack; where those of before were given is not known: they count as ever."""
    op.add_column(
        "verdicts", sa.Column("audit", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    drawn = "SELECT id FROM predictions WHERE audit"
    op.execute(f"UPDATE verdicts SET audit = true WHERE prediction_id IN ({drawn})")


def downgrade() -> None:
    """Forget it."""
    op.drop_column("verdicts", "audit")
