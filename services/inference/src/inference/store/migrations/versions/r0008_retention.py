"""What expires by its age: texts, and samples of the radar, which have their own from now on."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Date the radar's samples, and find texts by their age."""
    op.create_index("ix_kept_texts_created_at", "kept_texts", ["created_at"])
    op.add_column("radar_samples", sa.Column("kept_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Forget when samples were kept."""
    op.drop_column("radar_samples", "kept_at")
    op.drop_index("ix_kept_texts_created_at", "kept_texts")
