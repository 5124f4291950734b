"""What can go wrong, as seen from outside.

    MynahError
    ├── UserError           the person asked for something that can't be; the message is for them
    │   ├── BadInput        what they typed or sent
    │   ├── NotFound        no such persona, account, job
    │   ├── NotAllowed      somebody else may
    │   ├── Limited         not so soon, or no more today
    │   ├── Costly          it costs money, and nobody has said yes to that
    │   ├── AlreadyThere    others have it, and it is seen here now
    │   ├── AlreadyTraining a job for this persona is under way
    │   ├── Busy            no room at the moment; the same request works later
    │   ├── DamagedPersona  its files are missing or changed
    │   └── WrongBase       it was trained on another base model
    └── OperatorError       the service itself; the message is for who runs it, and is logged
        ├── SettingsError   names the key and the fix
        ├── DataDirInUse    another process runs the jobs of this folder
        ├── WorkerDied      a worker process ended or broke the protocol
        └── DiskFull

A UserError's message says what to do next. Messages are whole sentences.
"""

from __future__ import annotations


class MynahError(Exception):
    """Base of everything that this package raises on purpose."""

    @property
    def text(self) -> str:
        """The message as it was given: perhaps a bot.texts.Text."""
        return self.args[0] if self.args else ""


class UserError(MynahError):
    pass


class BadInput(UserError):
    pass


class NotFound(UserError):
    pass


class NotAllowed(UserError):
    pass


class Limited(UserError):
    pass


class Costly(UserError):
    """`cost`: what to agree to, in millionths of a dollar."""

    def __init__(self, message: str, cost: int) -> None:
        super().__init__(message)
        self.cost = cost


class AlreadyThere(UserError):
    pass


class AlreadyTraining(UserError):
    def __init__(self, message: str, job_id: int) -> None:
        super().__init__(message)
        self.job_id = job_id


class Busy(UserError):
    pass


class DamagedPersona(UserError):
    pass


class WrongBase(UserError):
    pass


class OperatorError(MynahError):
    pass


class SettingsError(OperatorError):
    pass


class DataDirInUse(OperatorError):
    pass


class WorkerDied(OperatorError):
    pass


class DiskFull(OperatorError):
    pass
