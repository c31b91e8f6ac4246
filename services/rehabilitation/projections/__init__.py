"""What can be asked of this context: programmes, each one's file, services delivered, beneficiaries assisted, beds."""

from services.rehabilitation.projections.assistance import Assistance
from services.rehabilitation.projections.occupancy import Occupancies
from services.rehabilitation.projections.programmes import Programmes

projections = (Programmes(), Assistance(), Occupancies())
