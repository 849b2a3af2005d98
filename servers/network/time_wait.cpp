// Connections that begin where one of the same ports has just ended.
#include "servers/network/time_wait.h"

#include "lwip/memp.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/prot/tcp.h"

namespace pith::network {

void let_begin_again(const ip_addr_t& from, const ip_addr_t& to, std::span<const u8> segment) {
  if (segment.size() < TCP_HLEN || (segment[13] & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) != TCP_SYN) return;
  auto number16 = [&](usize place) { return u32{segment[place]} << 8 | segment[place + 1]; };
  u32 from_port = number16(0), to_port = number16(2), number = number16(4) << 16 | number16(6);
  for (tcp_pcb* pcb = tcp_tw_pcbs; pcb != nullptr; pcb = pcb->next) {
    bool is_same = pcb->remote_port == from_port && pcb->local_port == to_port && ip_addr_cmp(&pcb->remote_ip, &from) &&
                   ip_addr_cmp(&pcb->local_ip, &to);
    if (!is_same) continue;
    // A socket that still refers to it ends with it only in its own way.
    if (pcb->callback_arg != nullptr || !TCP_SEQ_GT(number, pcb->rcv_nxt)) return;
    tcp_pcb_remove(&tcp_tw_pcbs, pcb);
    memp_free(MEMP_TCP_PCB, pcb);
    return;
  }
}

}  // namespace pith::network
