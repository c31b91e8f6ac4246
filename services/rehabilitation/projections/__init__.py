"""What can be asked of this context: programmes, each one's file, services delivered, beneficiaries assisted."""

from services.rehabilitation.projections.assistance import Assistance
from services.rehabilitation.projections.programmes import Programmes

projections = (Programmes(), Assistance())
