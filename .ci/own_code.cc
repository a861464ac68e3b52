// A plugin for clang-tidy 14, which walks the system headers with every check and drops what it
// finds there: it walks our own declarations alone. The findings are the same, for a third of the
// time.

#include <clang/AST/ASTConsumer.h>
#include <clang/AST/ASTContext.h>
#include <clang/Frontend/FrontendPluginRegistry.h>

namespace {

struct OwnCode : clang::ASTConsumer {
  void HandleTranslationUnit(clang::ASTContext& context) override {
    std::vector<clang::Decl*> own;
    for (auto* declaration : context.getTranslationUnitDecl()->decls()) {
      const auto at = declaration->getLocation();
      if (at.isValid() && !context.getSourceManager().isInSystemHeader(at))
        own.push_back(declaration);
    }
    context.setTraversalScope(own);
  }
};

struct BeforeTheChecks : clang::PluginASTAction {
  std::unique_ptr<clang::ASTConsumer> CreateASTConsumer(clang::CompilerInstance&,
                                                        llvm::StringRef) override {
    return std::make_unique<OwnCode>();
  }
  bool ParseArgs(const clang::CompilerInstance&, const std::vector<std::string>&) override {
    return true;
  }
  ActionType getActionType() override { return AddBeforeMainAction; }
};

const clang::FrontendPluginRegistry::Add<BeforeTheChecks> registered("own-code",
                                                                     "walks our own code alone");

}  // namespace
