"""The access key under which a verdict was given."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the name of the key to verdicts; those given before have none."""
    op.add_column("verdicts", sa.Column("reviewer_key", sa.String(64), nullable=True))


def downgrade() -> None:
    """Forget the names of the keys."""
    with op.batch_alter_table("verdicts") as table:
        table.drop_column("reviewer_key")
