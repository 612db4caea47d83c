"""How mail leaves the house: one port, one way out (SMTP). Nothing else speaks to a mail server."""

from app.post._port import CameOfIt, Mail, Never, NotNow, Postman, Sent
from app.post.smtp import SmtpPostman, Wiring

__all__ = ["CameOfIt", "Mail", "Never", "NotNow", "Postman", "Sent", "SmtpPostman", "Wiring"]
