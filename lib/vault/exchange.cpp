// Keeping answers and intents: the message goes to memory that is not logged, the word that makes it count to the vault.
#include "lib/vault/exchange.h"

#include <cstring>

#include "abi/error.h"

namespace pith::vault {

namespace {

void keep(Message& message, const Words& words, u32 length) {
  message.length = length;
  memcpy(message.words, words.w, sizeof words.w);
  if (length > kRegisterWords)
    memcpy(message.words + kRegisterWords, ipc::message_buffer().words + kRegisterWords, (length - kRegisterWords) * sizeof(u64));
}

Result<Intent*> new_intent() {
  u32 count = header().intents;
  if (count == kMostIntents) return Error::Limit;
  header().intents = count + 1;
  return &exchange().intents[count];
}

}  // namespace

const Message* kept_answer(u32 session, u64 number) {
  u64 answered = header().answered[session];
  return number != 0 && answered >> 1 == number ? &exchange().answers[session][answered & 1] : nullptr;
}

void keep_answer(const ipc::Answer& answer) {
  u32 session = header().session;
  u64 place = ~header().answered[session] & 1;
  keep(exchange().answers[session][place], answer.words, answer.length);
  header().answered[session] = header().number << 1 | place;
  header().number = 0;
}

ipc::Answer answer_from(const Message& message) {
  ipc::Answer answer{};
  memcpy(answer.words.w, message.words, sizeof answer.words.w);
  answer.length = message.length;
  if (message.length > kRegisterWords)
    memcpy(ipc::message_buffer().words + kRegisterWords, message.words + kRegisterWords, (message.length - kRegisterWords) * sizeof(u64));
  return answer;
}

Result<void> intend_signal(CapabilitySlot notification, u64 bits) {
  Intent& intent = *TRY(new_intent());
  intent.kind = Intent::Kind::Signal;
  intent.target = notification;
  intent.message.words[0] = bits;
  return {};
}

Result<void> intend_call(CapabilitySlot endpoint, const Words& words, u32 length, u64 then) {
  if (length < kRegisterWords || length > kMessageWords) return Error::BadArgument;
  Intent& intent = *TRY(new_intent());
  intent.kind = Intent::Kind::Call;
  intent.target = endpoint;
  intent.then = then;
  keep(intent.message, words, length);
  intent.message.words[0] |= (ipc::kIntended | ++header().calls) << ipc::kNumberShift;
  return {};
}

}  // namespace pith::vault
