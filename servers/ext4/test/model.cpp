// Random operations, done twice.
#include "servers/ext4/test/model.h"

namespace pith::ext4 {

namespace {

bool is_directory(const Model::Tree& file) { return LINUX_S_ISDIR(file->mode); }

void collect(const Model::Tree& tree, std::vector<Model::Tree>& directories) {
  directories.push_back(tree);
  for (const auto& [name, file] : tree->names) {
    if (is_directory(file)) collect(file, directories);
  }
}

Model::Tree copy_of(const Model::Tree& tree, std::map<Model::File*, Model::Tree>& known) {
  Model::Tree& copy = known[tree.get()];
  if (copy) return copy;
  copy = std::make_shared<Model::File>(*tree);
  Model::Tree made = copy;
  for (auto& [name, file] : made->names) file = copy_of(file, known);
  return made;
}

void compare_file(Harness& harness, const Model::Tree& file, const std::string& path) {
  Result<files::Attributes> is = harness.attributes(file->node);
  ASSERT_TRUE(is) << path << " " << u32(is.error());
  EXPECT_EQ(is->mode, file->mode) << path;
  EXPECT_EQ(is->links, file->links) << path;
  if (LINUX_S_ISREG(file->mode)) {
    EXPECT_EQ(is->size, file->content.size()) << path;
    Result<std::string> content = harness.read(file->node, 0, file->content.size() + 10);
    ASSERT_TRUE(content) << path << " " << u32(content.error());
    for (u64 done = content->size(); done < file->content.size();) {
      Result<std::string> more = harness.read(file->node, done, file->content.size() - done);
      ASSERT_TRUE(more);
      ASSERT_FALSE(more->empty());
      *content += *more;
      done = content->size();
    }
    EXPECT_TRUE(*content == file->content)
        << path << " of " << content->size() << " bytes differs at "
        << (std::mismatch(content->begin(), content->end(), file->content.begin(), file->content.end()).first - content->begin());
  } else if (LINUX_S_ISLNK(file->mode)) {
    Result<std::string> text = harness.read_link(file->node);
    ASSERT_TRUE(text) << path;
    EXPECT_EQ(*text, file->content) << path;
  }
}

void compare_tree(Harness& harness, const Model::Tree& tree, const std::string& path) {
  compare_file(harness, tree, path);
  auto names = harness.list(tree->node);
  ASSERT_TRUE(names) << path << " " << u32(names.error());
  EXPECT_EQ((*names)["."], tree->node) << path;
  names->erase(".");
  names->erase("..");
  if (path.empty()) names->erase("lost+found");
  EXPECT_EQ(names->size(), tree->names.size()) << path;
  for (const auto& [name, file] : tree->names) {
    ASSERT_EQ((*names)[name], file->node) << path << "/" << name;
    if (is_directory(file)) {
      compare_tree(harness, file, path + "/" + name);
    } else {
      compare_file(harness, file, path + "/" + name);
    }
    if (testing::Test::HasFatalFailure()) return;
  }
}

}  // namespace

Model::Tree Model::copy() const {
  std::map<File*, Tree> known;
  return copy_of(root_, known);
}

void Model::compare(Harness& harness) {
  root_->links = 3;  // with lost+found
  for (const auto& [name, file] : root_->names) root_->links += is_directory(file);
  compare_tree(harness, root_, "");
}

void Model::compare_unchanged(Harness& harness, const Tree& tree, const Tree& later, u64 since) {
  for (const auto& [name, file] : tree->names) {
    auto found = later->names.find(name);
    if (found == later->names.end() || found->second->node != file->node || found->second->changed > since || file->changed > since)
      continue;
    Result<files::Attributes> is = harness.lookup(tree->node, name);
    if (later->changed > since) {
      if (!is || is->node != file->node) continue;  // its directory has changed: it may have been away for a time
    }
    ASSERT_TRUE(is) << name << " " << u32(is.error());
    EXPECT_EQ(is->node, file->node) << name;
    if (is_directory(file)) {
      compare_unchanged(harness, file, found->second, since);
    } else if (found->second->links == file->links) {
      compare_file(harness, file, name);
    }
    if (testing::Test::HasFatalFailure()) return;
  }
}

Model::Tree Model::some_directory() {
  std::vector<Tree> directories;
  collect(root_, directories);
  return directories[random_() % directories.size()];
}

std::string Model::some_name() {
  std::string name = "n" + std::to_string(random_() % 40);
  if (random_() % 4 == 0) name += std::string(random_() % 200, char('a' + random_() % 26));
  return name;
}

Model::Place Model::some_place(bool may_be_new) {
  Tree parent = some_directory();
  if (parent->names.empty() || (may_be_new && random_() % 3 == 0)) {
    std::string name = some_name();
    auto found = parent->names.find(name);
    return {parent, name, found == parent->names.end() ? nullptr : found->second};
  }
  auto place = parent->names.begin();
  std::advance(place, random_() % parent->names.size());
  return {parent, place->first, place->second};
}

std::string Model::some_content(u64 most) {
  std::string content(1 + random_() % (random_() % 4 == 0 ? most : 3000), 0);
  u64 value = random_();
  for (char& byte : content) byte = char((value = value * 0x5851f42d4c957f2d + 1) >> 56);
  return content;
}

void Model::write(Harness& harness, const Tree& file) {
  u64 size = file->content.size(), offset = random_() % 3 == 0 ? size : random_() % (size + 20000);
  std::string data = some_content(60000);
  Result<u64> written = harness.write(file->node, offset, data, random_() % 2 ? 0 : random_() % 1000);
  if (!written) {
    EXPECT_EQ(written.error(), Error::NoSpace);
    return;
  }
  EXPECT_EQ(*written, data.size());
  if (offset + data.size() > size) file->content.resize(offset + data.size());
  file->content.replace(offset, data.size(), data);
  file->changed = operations_;
}

void Model::truncate(Harness& harness, const Tree& file) {
  files::Attributes to = {};
  to.size = random_() % 3 == 0 ? random_() % 100000 : random_() % (file->content.size() + 1);
  Result<files::Attributes> is = harness.set_attributes(file->node, files::Change::Size, to);
  ASSERT_TRUE(is) << u32(is.error());
  EXPECT_EQ(is->size, to.size);
  file->content.resize(to.size);
  file->changed = operations_;
}

bool Model::is_below(const Tree& file, const Tree& ancestor) const {
  if (file == ancestor) return true;
  for (const auto& [name, child] : ancestor->names) {
    if (is_directory(child) && is_below(file, child)) return true;
  }
  return false;
}

void Model::rename(Harness& harness) {
  Place from = some_place(false), to = some_place(true);
  u64 flags = random_() % 3;
  if (!from.file) return;
  Result<void> done = harness.rename(from.parent->node, from.name, to.parent->node, to.name, flags);
  if (done.error() == Error::NoSpace) {  // the directory would have to grow
    auto state = harness.call<protocols::FilesStateResult>([&] { return harness.service->state(kClient); });
    ASSERT_TRUE(state);
    EXPECT_LT(state->free_blocks, state->blocks / 50);
    return;
  }
  Error expected = Error(0);
  if (to.file && flags == 1) {
    expected = Error::AlreadyExists;
  } else if (to.file && to.file == from.file) {
    if (done) return;
  } else if (!to.file && flags == 2) {
    expected = Error::NotFound;
  } else if (is_directory(from.file) && from.parent != to.parent && is_below(to.parent, from.file)) {
    expected = Error::BadArgument;
  } else if (flags == 2 && from.parent != to.parent && is_directory(to.file) && is_below(from.parent, to.file)) {
    expected = Error::BadArgument;
  } else if (flags == 0 && to.file && is_directory(from.file) != is_directory(to.file)) {
    expected = Error::WrongType;
  } else if (flags == 0 && to.file && is_directory(to.file) && !to.file->names.empty()) {
    expected = Error::Busy;
  }
  ASSERT_EQ(u32(done.error()), u32(expected)) << from.name << " to " << to.name << " with " << flags;
  if (!done) return;
  from.parent->changed = to.parent->changed = from.file->changed = operations_;
  if (to.file) to.file->changed = operations_;
  bool is_moved = is_directory(from.file) && from.parent != to.parent;
  if (flags == 2) {
    from.parent->names[from.name] = to.file;
    to.parent->names[to.name] = from.file;
    if (from.parent != to.parent) {
      i32 difference = i32(is_directory(from.file)) - i32(is_directory(to.file));
      from.parent->links = u32(i32(from.parent->links) - difference);
      to.parent->links = u32(i32(to.parent->links) + difference);
    }
    return;
  }
  if (to.file) {
    if (is_directory(to.file)) to.parent->links--;
    to.file->links--;
  }
  if (is_moved || (is_directory(from.file) && from.parent == to.parent)) {
    from.parent->links--;
    to.parent->links++;
  }
  from.parent->names.erase(from.name);
  to.parent->names[to.name] = from.file;
}

/// Whether there is what the operation is to be done with: writing and cutting need a file, a link something that it is to.
bool Model::can_be_done(u64 which, const Place& place) {
  if (which >= 3 && which <= 6) return place.file && LINUX_S_ISREG(place.file->mode);
  return which != 11 || place.file;
}

void Model::step(Harness& harness) {
  operations_++;
  Place place;
  u64 which;
  do {
    place = some_place(true);
    which = random_() % 12;
  } while (!can_be_done(which, place));
  switch (which) {
    case 0:
    case 1:
    case 2: {
      bool makes_directory = random_() % 4 == 0;
      std::string name = some_name();
      u32 mode = makes_directory ? LINUX_S_IFDIR | 0755 : LINUX_S_IFREG | 0640;
      Result<files::Attributes> made = harness.create(place.parent->node, mode, name);
      if (place.parent->names.count(name)) {
        ASSERT_EQ(made.error(), Error::AlreadyExists);
        return;
      }
      if (!made && made.error() == Error::NoSpace) return;
      ASSERT_TRUE(made) << name << " " << u32(made.error());
      place.parent->names[name] = std::make_shared<File>(File{made->node, mode, {}, {}, makes_directory ? 2u : 1u, operations_});
      place.parent->changed = operations_;
      if (makes_directory) place.parent->links++;
      if (!makes_directory) write(harness, place.parent->names[name]);
      return;
    }
    case 3:
    case 4:
    case 5:
      write(harness, place.file);
      return;
    case 6:
      truncate(harness, place.file);
      return;
    case 7:
    case 8: {
      bool takes_directory = random_() % 2 == 0;
      Result<void> done = harness.remove(place.parent->node, takes_directory, place.name);
      Error expected = Error(0);
      if (!place.file) {
        expected = Error::NotFound;
      } else if (is_directory(place.file) != takes_directory) {
        expected = Error::WrongType;
      } else if (!place.file->names.empty()) {
        expected = Error::Busy;
      }
      ASSERT_EQ(u32(done.error()), u32(expected)) << place.name;
      if (!done) return;
      if (takes_directory) place.parent->links--;
      place.file->links--;
      place.file->changed = place.parent->changed = operations_;
      place.parent->names.erase(place.name);
      return;
    }
    case 9:
      return rename(harness);
    case 10: {
      std::string name = some_name(), text = "/" + some_name() + std::string(random_() % 3 == 0 ? random_() % 700 : 1, 'x');
      Result<files::Attributes> made = harness.symlink(place.parent->node, text, name);
      if (place.parent->names.count(name)) {
        ASSERT_EQ(made.error(), Error::AlreadyExists);
        return;
      }
      if (!made && made.error() == Error::NoSpace) return;
      ASSERT_TRUE(made);
      place.parent->names[name] = std::make_shared<File>(File{made->node, LINUX_S_IFLNK | 0777, text, {}, 1, operations_});
      place.parent->changed = operations_;
      return;
    }
    default: {
      std::string name = some_name();
      Tree parent = some_directory();
      Result<files::Attributes> made = harness.link(parent->node, place.file->node, name);
      if (is_directory(place.file)) {
        ASSERT_EQ(made.error(), Error::WrongType);
        return;
      }
      if (parent->names.count(name)) {
        ASSERT_EQ(made.error(), Error::AlreadyExists);
        return;
      }
      if (!made && made.error() == Error::NoSpace) return;
      ASSERT_TRUE(made);
      parent->names[name] = place.file;
      place.file->links++;
      place.file->changed = parent->changed = operations_;
    }
  }
}

}  // namespace pith::ext4
