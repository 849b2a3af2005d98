// Host stand-in for lib/start.h: nothing of it is needed.
#pragma once
