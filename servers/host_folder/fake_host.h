// A folder's host in a host test: it speaks 9P2000.L over a virtio device of the test's, and may answer whatever the test likes.
#pragma once
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "drivers/virtio/fake_device.h"
#include "lib/random.h"
#include "servers/host_folder/message.h"

namespace pith::host_folder {

class FakeHost {
 public:
  struct File {
    u32 mode = 0, links = 0;
    std::string data;
    std::map<std::string, u64> names;
  };

  std::map<u64, File> files{{kRoot, {0040755, 1, {}, {}}}};
  u32 most_bytes = ~0u;  ///< that one read or write moves
  u32 done = 0, late = 0;
  u64 clock = kRoot;
  Error unexpected = kSuccess;
  /// Called with each reply before it is sent.
  std::function<void(std::vector<std::byte>&)> on_reply;

  static constexpr u64 kRoot = 100;

  /// Takes what the device has been given, and does one of that. Whether there was one.
  bool do_one(virtio::FakeDevice& device, Random& random) {
    if (device.resets != resets_) {
      // What was under way is done or never will be, and nobody is told; files that have no name are gone with their fids.
      for (const Request& each : pending_) {
        if (random.below(2) != 0) late++, (void)perform(each.message);
      }
      pending_.clear();
      fids_.clear();
      std::erase_if(files, [](const auto& each) { return each.second.links == 0; });
      resets_ = device.resets;
    }
    while (auto chain = device.next(0)) {
      Request request{chain->id, {}, {}};
      for (const virtio::Piece& piece : chain->pieces) {
        auto* at = reinterpret_cast<std::byte*>(piece.address);
        if (piece.device_writes) {
          request.room.push_back({at, piece.length});
        } else {
          request.message.insert(request.message.end(), at, at + piece.length);
        }
      }
      pending_.push_back(std::move(request));
    }
    if (pending_.empty()) return false;
    usize which = random.below(pending_.size());
    Request request = std::move(pending_[which]);
    pending_.erase(pending_.begin() + long(which));
    std::vector<std::byte> reply = perform(request.message);
    if (on_reply) on_reply(reply);
    u32 written = 0;
    for (auto [at, length] : request.room) {
      u32 count = std::min(length, u32(reply.size()) - written);
      if (count != 0) memcpy(at, reply.data() + written, count);
      written += count;
    }
    device.use(0, request.id, written);
    done++;
    return true;
  }

  /// Everything that is in the folder, as text.
  std::string dump(u64 directory = kRoot, const std::string& path = "") const {
    std::string text;
    for (const auto& [name, number] : files.at(directory).names) {
      const File& file = files.at(number);
      text += path + "/" + name + " " + std::to_string(file.mode) + " " + std::to_string(file.links) + " " + file.data + "\n";
      if (is_directory(file)) text += dump(number, path + "/" + name);
    }
    return text;
  }
  /// The number of what a name in the folder itself stands for.
  u64 at(const std::string& name, u64 directory = kRoot) const { return files.at(directory).names.at(name); }
  u64 add(const std::string& name, std::string data, u64 directory = kRoot, u32 mode = 0100644) {
    files[++clock] = {mode, 1, std::move(data), {}};
    return files[directory].names[name] = clock;
  }

 private:
  struct Request {
    u32 id;
    std::vector<std::byte> message;
    std::vector<std::pair<std::byte*, u32>> room;
  };
  struct Refused {
    u32 number;
  };

  static bool is_directory(const File& file) { return (file.mode & 0170000) == 0040000; }
  static u8 type_of(const File& file) { return is_directory(file) ? Qid::kDirectory : 0; }
  void put_qid(Writer& writer, u64 number) { writer.put(type_of(files.at(number))).put(u32{0}).put(number); }
  u64 number_of(u32 fid) {
    auto it = fids_.find(fid);
    if (it == fids_.end() || !files.contains(it->second)) throw Refused{9};
    return it->second;
  }
  File& directory_of(u32 fid) {
    File& file = files.at(number_of(fid));
    if (!is_directory(file)) throw Refused{20};
    return file;
  }
  u64 look_up(const File& directory, const std::string& name) {
    auto it = directory.names.find(name);
    if (it == directory.names.end()) throw Refused{2};
    return it->second;
  }
  void refuse_present(const File& directory, const std::string& name) {
    if (directory.names.contains(name)) throw Refused{17};
  }

  std::vector<std::byte> perform(const std::vector<std::byte>& message) {
    static std::byte room[300'000];
    Writer writer(room);
    Reader reader(message);
    (void)reader.get<u32>();
    auto kind = Kind(reader.get<u8>());
    u16 tag = reader.get<u16>();
    Kind answer = Kind(u8(kind) + 1);
    try {
      answer_to(kind, reader, writer);
    } catch (Refused refused) {
      writer = Writer(room);
      writer.put(refused.number);
      answer = Kind(u8(Kind::Error) + 1);
    }
    writer.finish(answer, tag, 0);
    return {room, room + writer.length()};
  }

  void answer_to(Kind kind, Reader& reader, Writer& writer) {
    if (kind == Kind::Version) {
      fids_.clear();
      u32 most = reader.get<u32>();
      writer.put(most).text(reader.text());
      return;
    }
    u32 fid = reader.get<u32>();
    auto text = [&] { return std::string(reader.text()); };
    switch (kind) {
      case Kind::Attach:
        fids_[fid] = kRoot;
        return put_qid(writer, kRoot);
      case Kind::Walk: {
        u32 fresh = reader.get<u32>();
        u16 count = reader.get<u16>();
        u64 number = number_of(fid);
        if (count != 0) number = look_up(directory_of(fid), text());
        if (fids_.contains(fresh)) throw Refused{9};
        fids_[fresh] = number;
        writer.put(count);
        if (count != 0) put_qid(writer, number);
        return;
      }
      case Kind::Open:
        put_qid(writer, number_of(fid));
        writer.put(u32{0});
        return;
      case Kind::Clunk:
        number_of(fid);
        fids_.erase(fid);
        return;
      case Kind::GetAttributes: {
        u64 number = number_of(fid);
        const File& file = files.at(number);
        writer.put(u64{0x7ff});
        put_qid(writer, number);
        writer.put(file.mode)
            .put(u32{0})
            .put(u32{0})
            .put(u64{file.links})
            .put(u64{0})
            .put(u64(file.data.size()))
            .put(u64{4096})
            .put(u64{8});
        for (int i = 0; i < 10; i++) writer.put(u64{0});
        return;
      }
      case Kind::SetAttributes: {
        File& file = files.at(number_of(fid));
        u32 valid = reader.get<u32>(), mode = reader.get<u32>();
        (void)reader.get<u64>();
        u64 size = reader.get<u64>();
        if (valid & 1) file.mode = (file.mode & 0170000) | mode;
        if (valid & 8) file.data.resize(size);
        return;
      }
      case Kind::StatFilesystem:
        writer.put(u32{1}).put(u32{4096});
        for (u64 value : {1000, 500, 400, 100, 50, 7}) writer.put(value);
        writer.put(u32{255});
        return;
      case Kind::Read: {
        const File& file = files.at(number_of(fid));
        u64 offset = reader.get<u64>();
        u32 count = std::min(reader.get<u32>(), most_bytes);
        std::string piece = offset < file.data.size() ? file.data.substr(offset, count) : "";
        writer.put(u32(piece.size()));
        for (char each : piece) writer.put(each);
        return;
      }
      case Kind::Write: {
        File& file = files.at(number_of(fid));
        u64 offset = reader.get<u64>();
        u32 count = std::min(reader.get<u32>(), most_bytes);
        if (file.data.size() < offset + count) file.data.resize(offset + count);
        memcpy(file.data.data() + offset, reader.rest().data(), count);
        writer.put(count);
        return;
      }
      case Kind::ReadDirectory: {
        const File& directory = directory_of(fid);
        u64 offset = reader.get<u64>(), place = 0;
        std::vector<std::byte> room(reader.get<u32>());
        Writer names(room);  // a header's worth smaller than it might be
        for (const auto& [name, number] : directory.names) {
          if (++place <= offset) continue;
          if (names.length() + 24 + name.size() > room.size() || names.length() > most_bytes) break;
          put_qid(names, number);
          names.put(place).put(u8(files.at(number).mode >> 12)).text(name);
        }
        writer.put(u32(names.body().size()));
        for (std::byte each : names.body()) writer.put(each);
        return;
      }
      case Kind::ReadLink:
        writer.text(files.at(number_of(fid)).data);
        return;
      case Kind::Synchronize:
        number_of(fid);
        return;
      case Kind::MakeNode:
      case Kind::MakeDirectory:
      case Kind::Symlink: {
        File& directory = directory_of(fid);
        std::string name = text();
        refuse_present(directory, name);
        std::string target = kind == Kind::Symlink ? text() : "";
        u32 mode = kind == Kind::Symlink ? 0120777 : reader.get<u32>() | (kind == Kind::MakeDirectory ? 0040000u : 0u);
        return put_qid(writer, add(name, target, number_of(fid), mode));
      }
      case Kind::Link: {
        u64 number = number_of(reader.get<u32>());
        std::string name = text();
        refuse_present(directory_of(fid), name);
        directory_of(fid).names[name] = number;
        files.at(number).links++;
        return;
      }
      case Kind::Remove: {
        std::string name = text();
        u64 number = look_up(directory_of(fid), name);
        bool wants_directory = (reader.get<u32>() & 0x200) != 0;
        if (is_directory(files.at(number)) != wants_directory) throw Refused{wants_directory ? 20u : 21u};
        if (!files.at(number).names.empty()) throw Refused{39};
        directory_of(fid).names.erase(name);
        files.at(number).links--;
        return;
      }
      case Kind::Rename: {
        std::string name = text();
        u64 number = look_up(directory_of(fid), name);
        File& to = directory_of(reader.get<u32>());
        std::string fresh = text();
        if (auto it = to.names.find(fresh); it != to.names.end()) {
          if (it->second == number) return;
          if (!files.at(it->second).names.empty()) throw Refused{39};
          files.at(it->second).links--;
        }
        directory_of(fid).names.erase(name);
        to.names[fresh] = number;
        return;
      }
      default:
        throw Refused{95};
    }
  }

  u32 resets_ = 0;
  std::map<u32, u64> fids_;
  std::vector<Request> pending_;
};

}  // namespace pith::host_folder
