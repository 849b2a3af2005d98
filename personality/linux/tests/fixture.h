// An environment for tests: a pool of ordinary pages, services that do nothing, one process with one task that never runs.
#pragma once
#include <gtest/gtest.h>

#include "personality/linux/environment.h"
#include "personality/linux/files/tmpfs.h"
#include "personality/linux/host/services.h"

namespace pith::personality {

class EnvironmentTest : public testing::Test {
 protected:
  EnvironmentTest() {
    static FramePool pool(8192);
    static HostServices services;
    static Environment& made = create_environment(pool, pool.window_start(), services);
    env_ = &made;
    root_ = new TmpfsDirectory(0755);
    env_->root = Reference<Directory>(root_);
    env_->root->parent = env_->root.get();
    process_ = std::make_unique<Process>(2, nullptr);
    for (ResourceLimit& limit : process_->limits) limit = {kUnlimited, kUnlimited};
    task_ = std::make_unique<Task>(*process_, 2);
    task_->files = Reference<FileTable>(new FileTable);
    task_->context = Reference<FilesystemContext>(new FilesystemContext);
    task_->context->root = task_->context->current = Reference<Inode>(env_->root);
    process_->tasks.push_back(task_.get());
  }
  ~EnvironmentTest() override {
    task_.reset();
    env_->root = {};
  }
  Task& task() { return *task_; }
  TmpfsDirectory& root() { return *root_; }
  u64 free_pages() { return env_->pages.available(); }

  Environment* env_;
  TmpfsDirectory* root_;
  std::unique_ptr<Process> process_;
  std::unique_ptr<Task> task_;
};

}  // namespace pith::personality
