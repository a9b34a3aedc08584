"""Mentions are found by their text, so that erasing it reaches them."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the fingerprint, which older mentions go without; they expire after RADAR_DAYS."""
    op.add_column("radar_mentions", sa.Column("text_hmac", sa.String(64), nullable=True))
    op.create_index("ix_radar_mentions_text_hmac", "radar_mentions", ["text_hmac"])
    # Topics of all the time were named whoever used them; nothing reads that.
    op.execute("UPDATE radar_words SET name = NULL WHERE hour = 0")


def downgrade() -> None:
    """Forget the fingerprints."""
    op.drop_index("ix_radar_mentions_text_hmac", "radar_mentions")
    op.drop_column("radar_mentions", "text_hmac")
