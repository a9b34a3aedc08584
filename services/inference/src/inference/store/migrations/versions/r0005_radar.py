"""What the radar counts."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the radar's tables, and the one row of its state."""
    op.create_table(
        "radar_mentions",
        sa.Column("identity", sa.LargeBinary(), nullable=False),
        sa.Column("minute", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("identity", name="pk_radar_mentions"),
    )
    op.create_index("ix_radar_mentions_minute", "radar_mentions", ["minute"])
    op.create_table(
        "radar_counts",
        sa.Column("minute", sa.Integer(), nullable=False),
        sa.Column("airline", sa.String(64), nullable=False),
        sa.Column("label", sa.String(200), nullable=False),
        sa.Column("mentions", sa.Integer(), nullable=False),
        sa.Column("negative_sum", sa.Double(), nullable=False),
        sa.Column("reach", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("minute", "airline", "label", name="pk_radar_counts"),
    )
    op.create_table(
        "radar_words",
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("airline", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.String(64), nullable=True),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("authors", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("kind IN ('word', 'topic', 'all')", name=op.f("ck_radar_words_kind")),
        sa.PrimaryKeyConstraint("hour", "airline", "kind", "token", name="pk_radar_words"),
    )
    op.create_table(
        "radar_samples",
        sa.Column("identity", sa.LargeBinary(), nullable=False),
        sa.Column("minute", sa.Integer(), nullable=False),
        sa.Column("airline", sa.String(64), nullable=False),
        sa.Column("text_hmac", sa.String(64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("negative", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("identity", name="pk_radar_samples"),
    )
    op.create_index("ix_radar_samples_text_hmac", "radar_samples", ["text_hmac"])
    op.create_index("ix_radar_samples_airline", "radar_samples", ["airline", "minute"])
    state = op.create_table(
        "radar_state",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("newest", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_radar_state"),
    )
    op.bulk_insert(state, [{"id": 1, "revision": 0, "newest": None}])


def downgrade() -> None:
    """Forget all mentions."""
    for table in ("state", "samples", "words", "counts", "mentions"):
        op.drop_table(f"radar_{table}")
