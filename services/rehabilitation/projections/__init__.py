"""What can be asked of this context: programmes and help, beds, tensions, proceedings and their calendar, duty."""

from services.rehabilitation.projections.assistance import Assistance
from services.rehabilitation.projections.bed_tasks import BedTasks
from services.rehabilitation.projections.closed_notes import ClosedNotes
from services.rehabilitation.projections.court_calendar import CourtCalendars
from services.rehabilitation.projections.duty import Duties
from services.rehabilitation.projections.figures import HouseFigures
from services.rehabilitation.projections.occupancy import Occupancies
from services.rehabilitation.projections.proceedings import ProceedingsFiles
from services.rehabilitation.projections.programmes import Programmes
from services.rehabilitation.projections.separations import Separations
from services.rehabilitation.projections.stays import Stays
from services.rehabilitation.projections.tensions import Tensions
from services.rehabilitation.projections.watch_log import WatchLog

projections = (
    Programmes(),
    Assistance(),
    Occupancies(),
    Stays(),
    BedTasks(),
    Separations(),
    Tensions(),
    ProceedingsFiles(),
    ClosedNotes(),
    CourtCalendars(),
    Duties(),
    WatchLog(),
    HouseFigures(),
)
