// Walking the tree of names.
#include "personality/linux/files/path.h"

#include "personality/linux/environment.h"

namespace pith::personality {

namespace {
constexpr u32 kMostLinks = 40;

/// What is mounted there in the place of `inode`, however many times over; `inode` where nothing is.
Reference<Inode> covering(Reference<Inode> inode) {
  for (Directory* directory = inode->as_directory(); directory && directory->mounted; directory = inode->as_directory())
    inode = Reference<Inode>(directory->mounted);
  return inode;
}

/// One walk; links are put in front of what is left of the path.
class Walker {
 public:
  Walker(Task& task, Reference<Inode> base) : task_(task), here_(std::move(base)) {}

  Result<Place> run(std::string_view path, LastLink last) {
    std::string text;  // holds the rest of the path once a link was followed
    if (path.empty()) return LinuxError::NoEntry;
    Place place;
    place.inode = here_;
    for (;;) {
      if (!path.empty() && path.front() == '/') {
        while (!path.empty() && path.front() == '/') path.remove_prefix(1);
      }
      if (path.empty()) {
        place.inode = here_;
        return place;
      }
      usize end = path.find('/');
      std::string_view name = path.substr(0, end);
      std::string_view rest = end == path.npos ? std::string_view() : path.substr(end);
      bool is_last = rest.find_first_not_of('/') == rest.npos;
      Reference<Directory> directory(here_->as_directory());
      if (!directory) return LinuxError::NotDirectory;
      TRY(check_access(task_.process.credentials, *directory, 1));
      if (name.size() > kNameLimit) return LinuxError::NameTooLong;
      if (name == "." || name == "..") {
        if (name == ".." && here_.get() != task_.context->root.get() && directory->parent) here_ = Reference<Inode>(directory->parent);
        place.parent = {};
        path = rest;
        continue;
      }
      Result<Reference<Inode>> found = directory->lookup(task_, name);
      if (!found) {
        if (found.error() != LinuxError::NoEntry || !is_last) return found.error();
        place.parent = directory;
        place.name = name;
        place.inode = {};
        place.wants_directory = !rest.empty();
        return place;
      }
      Reference<Inode> inode = covering(*found);
      bool follow = inode->is_symlink() && (!is_last || !rest.empty() || last == LastLink::Follow);
      if (follow) {
        if (++links_ > kMostLinks) return LinuxError::Loop;
        if (Reference<Inode> direct = inode->target()) {
          if (is_last && rest.empty()) {
            place.parent = {};
            place.inode = direct;
            return place;
          }
          here_ = direct;
          path = rest;
          continue;
        }
        std::string target = TRY(inode->read_link(task_));
        if (target.empty()) return LinuxError::NoEntry;
        if (target.front() == '/') here_ = task_.context->root;
        target.append(rest);
        text = std::move(target);
        path = text;
        if (text.size() > kPathLimit) return LinuxError::NameTooLong;
        continue;
      }
      if (is_last) {
        if (!rest.empty() && !inode->is_directory()) return LinuxError::NotDirectory;
        place.parent = directory;
        place.name = name;
        place.inode = inode;
        place.wants_directory = !rest.empty();
        return place;
      }
      here_ = inode;
      path = rest;
    }
  }

 private:
  Task& task_;
  Reference<Inode> here_;
  u32 links_ = 0;
};

}  // namespace

Result<void> PathText::copy(Task& task, GuestAddress from) {
  length_ = TRY(copy_string(task.memory(), buffer_, from, kPathLimit));
  return {};
}

Result<Place> walk(Task& task, Reference<Inode> base, std::string_view path, LastLink last) {
  return Walker(task, std::move(base)).run(path, last);
}

Result<Reference<Inode>> base_of(Task& task, i32 directory, std::string_view path) {
  if (!path.empty() && path.front() == '/') return task.context->root;
  if (directory == AtFlag::CurrentDirectory) return task.context->current;
  File* file = TRY(task.files->find(directory));
  if (!path.empty() && !file->inode->is_directory()) return LinuxError::NotDirectory;
  return file->inode;
}

Result<Place> place_at(Task& task, i32 directory, std::string_view path, LastLink last) {
  if (path.empty()) return LinuxError::NoEntry;
  return walk(task, TRY(base_of(task, directory, path)), path, last);
}

Result<Reference<Inode>> resolve_at(Task& task, i32 directory, std::string_view path, u32 flags) {
  if (path.empty() && flags & AtFlag::EmptyPath) return base_of(task, directory, path);
  Place place = TRY(place_at(task, directory, path, flags & AtFlag::NoFollow ? LastLink::Keep : LastLink::Follow));
  if (!place.inode) return LinuxError::NoEntry;
  return place.inode;
}

Result<Reference<Inode>> find_inode(Task& task, std::string_view path) { return resolve_at(task, AtFlag::CurrentDirectory, path, 0); }

Result<std::string> path_of(Task& task, Directory& directory) {
  std::string path;
  for (Directory* here = &directory; here != task.context->root.get(); here = here->parent) {
    if (!here->parent) return LinuxError::NoEntry;
    if (here->parent == here) break;
    path.insert(0, "/" + here->name);
  }
  return path.empty() ? std::string("/") : path;
}

std::string absolute_path(Task& task, std::string_view path) {
  if (path.starts_with("/")) return std::string(path);
  if (path.starts_with("./")) path.remove_prefix(2);
  Result<std::string> base = path_of(task, *task.context->current->as_directory());
  return (!base || *base == "/" ? std::string() : *base) + "/" + std::string(path);
}

}  // namespace pith::personality
