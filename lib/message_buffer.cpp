// Finds the calling thread's message buffer through its thread-local storage.
#include "lib/message_buffer.h"

#include "abi/start_information.h"
#include "lib/ipc/ipc.h"

namespace pith {

namespace {

// Constant initialisation: valid for the first thread from the moment it has a thread pointer.
__thread u64 buffer_address = kMessageBuffer;

}  // namespace

void set_message_buffer(u64 address) { buffer_address = address; }

MessageBuffer& ipc::message_buffer() { return *reinterpret_cast<MessageBuffer*>(buffer_address); }

}  // namespace pith
