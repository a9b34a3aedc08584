"""Confidence and language of predictions, an index for figures, and counts for drift."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

INDEX = "ix_predictions_quality"
COLUMNS = "created_at model_name model_version language audit label confidence".split()


def upgrade() -> None:
    """Add what predictions lack, which older ones go without, and the table of counts."""
    op.add_column("predictions", sa.Column("confidence", sa.Double(), nullable=True))
    op.add_column("predictions", sa.Column("language", sa.String(8), nullable=True))
    op.create_index(INDEX, "predictions", COLUMNS)
    op.drop_index("ix_predictions_created_at", "predictions")  # the same columns begin the new one
    op.create_table(
        "drift_groups",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("model_name", sa.Text(), nullable=False),
        sa.Column("model_version", sa.Text(), nullable=False),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.CheckConstraint("source IN ('served', 'recorded')", name="ck_drift_groups_source"),
        sa.PrimaryKeyConstraint("id", name="pk_drift_groups"),
    )
    op.create_index("ix_drift_groups_ended_at", "drift_groups", ["ended_at"])
    version = ["model_version", "source", "ended_at"]
    op.create_index("ix_drift_groups_version", "drift_groups", version)


def downgrade() -> None:
    """Forget all of it."""
    op.drop_table("drift_groups")
    op.create_index("ix_predictions_created_at", "predictions", ["created_at"])
    op.drop_index(INDEX, "predictions")
    # Not as a batch, which SQLite would do on a copy: dropping the table takes its verdicts along.
    for column in ("language", "confidence"):
        op.drop_column("predictions", column)
